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
    button.textContent = "Copy address";
    button.setAttribute("aria-label", `Copy address: ${address.dataset.copy}`);
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

  all("[data-focus]").forEach((summary) => summary.focus());

  // The finder's page answers a question of the home page, which reaches it through this tab's own
  // storage: an address would stay in the history (S82). The finder takes it out at once.
  all("form[data-find]").forEach((form) => form.addEventListener("submit", (sent) => {
    sent.preventDefault();
    try {
      sessionStorage.setItem("ask", new URLSearchParams(new FormData(form)));
    } catch { /* Storage may be turned off: the question is asked again on the next page. */ }
    location.assign("/find/");
  }));

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
        line.hidden = true;
      });
    }).catch(() => {});
  }
})();
