// Nothing here is needed to finish a task. It hides what has passed, names today, leaves a page at
// once, copies a calendar's address, and moves the focus to what is wrong in a form.
(() => {
  "use strict";
  const all = (selector) => document.querySelectorAll(selector);

  // A frozen page may be hours old: what has ended goes, what begins comes (booking that opens or
  // closes), and a day that is over says so.
  const tidy = () => {
    const now = Date.now();
    all("[data-starts], [data-ends]").forEach((element) => {
      const { starts, ends } = element.dataset;
      element.hidden = Date.parse(starts) > now || Date.parse(ends) <= now;
    });
    all("[data-over]").forEach((line) => {
      line.hidden = [...line.previousElementSibling.children].some((row) => !row.hidden);
    });
  };
  tidy();
  setInterval(tidy, 60000);

  const date = (ahead) => new Intl.DateTimeFormat("en-CA", { timeZone: "Europe/London" })
    .format(Date.now() + ahead * 864e5);
  [["Today", date(0)], ["Tomorrow", date(1)]].forEach(([word, day]) => {
    all(`[data-day="${day}"]`).forEach((heading) => heading.prepend(`${word}, `));
  });

  // The exit control: blank at once, then a neutral page in place of this one in the history.
  const exits = all("[data-exit]");
  if (exits.length) {
    const leave = () => {
      document.documentElement.hidden = true;
      document.title = "\u200b";
      history.replaceState(null, "", "/");
      location.replace(exits[0].href);
    };
    exits.forEach((link) => link.addEventListener("click", (pressed) => {
      pressed.preventDefault();
      leave();
    }));
    // Shift by itself, three times in five seconds; with another key it is only a capital letter.
    let presses = [];
    let alone = false;
    addEventListener("keydown", (pressed) => {
      alone = pressed.key === "Shift";
      if (!alone) presses = [];
    });
    addEventListener("keyup", (pressed) => {
      if (pressed.key !== "Shift" || !alone) return;
      presses = [...presses, Date.now()].slice(-3);
      if (presses.length > 2 && presses[2] - presses[0] < 5000) leave();
    });
  }

  // The address of a calendar is on the page as text; a button saves selecting it.
  if (navigator.clipboard) all("[data-copy]").forEach((address) => {
    const button = document.createElement("button");
    const said = document.createElement("span");
    button.type = "button";
    button.className = "copy";
    button.textContent = address.dataset.words ?? "Copy address";
    button.setAttribute("aria-label", `${button.textContent}: ${address.dataset.copy}`);
    said.setAttribute("role", "status");
    button.addEventListener("click", () => {
      navigator.clipboard.writeText(address.textContent).then(() => {
        said.textContent = "Copied";
        setTimeout(() => { said.textContent = ""; }, 4000);
      });
    });
    address.after(" ", button, " ", said);
  });

  all("[data-print]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => print());
  });

  // A link to a district of a day opens its list.
  const opened = () => {
    const list = document.getElementById(location.hash.slice(1))?.nextElementSibling;
    if (list?.matches("details")) list.open = true;
  };
  opened();
  // Paper has no lists to open.
  addEventListener("beforeprint", () => all(".day details").forEach((list) => { list.open = true; }));
  addEventListener("hashchange", opened);

  all("[data-focus]").forEach((summary) => summary.focus());

  // The finder's page answers a question of the home page, which reaches it through this tab's own
  // storage: an address would stay in the history (S82). The finder takes it out at once.
  all("form[data-find]").forEach((form) => form.addEventListener("submit", (sent) => {
    sent.preventDefault();
    const asked = new URLSearchParams(new FormData(form));
    const { name, value } = sent.submitter || {};
    if (name) asked.set(name, value);
    try {
      sessionStorage.setItem("ask", asked);
    } catch { /* Storage may be turned off: the question is asked again on the next page. */ }
    // Back shows this page as it was left.
    if (form.elements.near.type === "text") form.elements.near.value = "";
    location.assign("/find/");
  }));

  // Share through the phone's own sheet.
  if (navigator.share) all("[data-share]").forEach((button) => {
    const { href } = document.querySelector("link[rel=canonical]");
    button.hidden = false;
    button.addEventListener("click", () => {
      navigator.share({ title: button.dataset.share, url: href }).catch(() => {});
    });
  });

  // What somebody keeps on this phone, when asked alone: a list, and pages to read without signal.
  // It is sent nowhere. A page that is gone or has become private drops out of it when opened.
  const LISTED = /^\/(sessions\/[a-z\d-]+|centres|programmes)\/[a-z\d-]+\/$/;
  const here = location.pathname;
  const listed = () => {
    try {
      return JSON.parse(localStorage.getItem("kept") ?? "[]")
        .filter(({ path, words }) => LISTED.test(path) && words);
    } catch {
      return [];
    }
  };
  const list = (rows) => {
    if (rows.length) localStorage.setItem("kept", JSON.stringify(rows));
    else localStorage.removeItem("kept");
  };
  const others = () => listed().filter(({ path }) => path !== here);
  if ((exits.length || document.querySelector("[data-gone]")) && others().length < listed().length) {
    list(others());
  }
  all("[data-keep]").forEach((button) => {
    const status = button.nextElementSibling;
    const show = () => {
      const kept = listed().length > others().length;
      button.textContent = kept ? "Remove from your list" : "Keep in a list on this phone";
      return kept;
    };
    show();
    button.hidden = false;
    button.addEventListener("click", () => {
      try {
        const rows = others();
        list(show() ? rows : [...rows, { path: here, words: button.dataset.keep }]);
        status.textContent = show() ? "Kept on this phone." : "Removed.";
      } catch {
        status.textContent = "Your browser does not let us keep anything.";
      }
    });
  });

  // Keeping pages starts the service worker, and only that does.
  const pages = "serviceWorker" in navigator && "caches" in window;
  const startWorker = async () => {
    await navigator.serviceWorker.register("/service-worker.js");
    return (await navigator.serviceWorker.ready).active;
  };
  const savePage = async (path) => {
    const worker = await startWorker();
    const { port1, port2 } = new MessageChannel();
    return new Promise((done) => {
      port1.onmessage = ({ data }) => done(data);
      worker.postMessage(path, [port2]);
    });
  };
  if (pages) all("[data-offline]").forEach((button) => {
    const status = button.nextElementSibling;
    button.hidden = false;
    button.addEventListener("click", async () => {
      status.textContent = "Wait a moment.";
      const kept = await savePage(here).catch(() => false);
      status.textContent = kept ? "Kept. You can read it here when you have no signal."
        : "We could not keep it. Try again when you have signal.";
    });
  });

  const kept = document.querySelector("[data-kept]");
  if (kept) {
    const fill = (name, rows, remove) => {
      const lines = rows.map(({ path, words, day }) => {
        const line = document.createElement("li");
        const link = document.createElement("a");
        const button = document.createElement("button");
        link.href = path;
        link.textContent = words;
        button.type = "button";
        button.className = "copy";
        button.textContent = "Remove";
        button.setAttribute("aria-label", `Remove ${words}`);
        button.addEventListener("click", () => remove(path));
        line.append(link, day ? `, kept on ${day} ` : " ", button);
        return line;
      });
      kept.querySelector(`[data-list=${name}]`).replaceChildren(...lines);
      kept.querySelector(`[data-none=${name}]`).hidden = lines.length > 0;
    };
    const showList = () => fill("listed", listed(), (path) => {
      list(listed().filter((row) => row.path !== path));
      showList();
    });
    const showPages = async () => {
      const rows = [];
      if (pages && await caches.has("kept")) {
        const cache = await caches.open("kept");
        for (const { url } of await cache.keys()) {
          const { pathname } = new URL(url);
          if (pathname.endsWith("/") && pathname !== "/kept/") {
            const page = await cache.match(pathname);
            const html = new DOMParser().parseFromString(await page.text(), "text/html");
            const words = pathname === "/" ? "First page of this site" : html.querySelector("h1").textContent;
            rows.push({ path: pathname, words, day: page.headers.get("x-kept") });
          }
        }
      }
      fill("saved", rows, async (path) => {
        await (await caches.open("kept")).delete(path);
        showPages();
      });
    };
    const removeAll = kept.querySelector("[name=remove]");
    removeAll.addEventListener("click", async () => {
      list([]);
      if (pages) {
        await caches.delete("kept");
        for (const worker of await navigator.serviceWorker.getRegistrations()) {
          await worker.unregister();
        }
      }
      removeAll.nextElementSibling.textContent = "All is removed.";
      showList();
      showPages();
    });
    showList();
    showPages();
    kept.hidden = false;
  }
  // Links with a question lead to the live part, which answers without scripts too.
  all("a[href*='/find/results?']").forEach((link) => { link.href = `/find/${link.search}`; });

  // A form that would not arrive is not sent: its answers stay on the page, with words that say so.
  // The live part is asked first; what it answers by itself, a 503 too, keeps the answers as well.
  const answers = () => fetch("/health", { cache: "no-store", signal: AbortSignal.timeout?.(15000) })
    .then((answer) => answer.headers.get("content-type")?.includes("json"), () => false);
  const forms = here.startsWith("/staff/") ? [] : all("main form[method=post]");
  forms.forEach((form) => {
    let state = "";
    let notice;
    if (form.requestSubmit) form.addEventListener("submit", async (sent) => {
      if (state === "sure") return;
      sent.preventDefault();
      if (state) return;
      state = "asking";
      const button = sent.submitter;
      state = await answers() ? "sure" : "";
      if (state) {
        form.requestSubmit(button);
        state = "";
        return;
      }
      const reach = form.parentElement.querySelector("form ~ p a:is([href^='tel:'], [href^='mailto:'])");
      notice?.remove();
      notice = document.createElement("div");
      notice.className = "errors";
      notice.tabIndex = -1;
      notice.setAttribute("role", "alert");
      notice.append("We cannot reach the booking service, so nothing was sent. Your answers are still "
        + "here. Wait a minute, and press the button again. Or ask us");
      if (reach) notice.append(": ", reach.cloneNode(true));
      notice.append(".");
      form.append(notice);
      notice.focus();
    });
  });

  // Places left, where the booking service says; the page is whole without.
  const counted = all("[data-left]");
  if (counted.length) {
    fetch("/availability.json").then((answer) => answer.json()).then(({ series }) => {
      counted.forEach((line) => {
        const [identity, date] = line.dataset.left.split(" ");
        const left = date ? series[identity]?.sessions?.[date] : series[identity]?.left;
        if (left === undefined) return;
        const { says, wait } = series[identity];
        const button = line.previousElementSibling;
        line.textContent = says?.[date || ""] ?? "";
        line.hidden = false;
        if (left || !button) return;
        if (!wait) button.hidden = true;
        if (date) return;
        // The whole series is full: nothing may say that it can be booked, and nothing twice.
        const taken = "Every place is taken.";
        all("[data-open]").forEach((fact) => {
          fact.textContent = wait ? `${taken} You can join the waiting list.` : taken;
        });
        if (wait) button.textContent = "Join the waiting list";
        const until = line.nextElementSibling;
        if (until) until.hidden = true;
        if (!wait) line.parentNode.hidden = true;
        line.hidden = true;
      });
    }).catch(() => {});
  }
})();
