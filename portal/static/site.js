// Nothing here is needed to finish a task. It hides what has passed, names today, leaves a page at
// once, copies a calendar's address, and moves the focus to what is wrong in a form.
(() => {
  "use strict";
  const all = (selector) => document.querySelectorAll(selector);

  // A frozen page may be hours old: what has ended goes, and a day that is over says so.
  const tidy = () => {
    const now = Date.now();
    all("[data-ends]").forEach((element) => {
      element.hidden = Date.parse(element.dataset.ends) <= now;
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

  // A question asked on the home page is filled in on the finder's form. A whole postcode points to
  // a few homes, so only its first part and one figure are sent: 'PR1 8RJ' goes as 'PR1 8'.
  all("form[data-find]").forEach((form) => {
    new URLSearchParams(location.search).forEach((value, name) => {
      if (form.elements[name]) form.elements[name].value = value;
    });
    form.addEventListener("submit", () => {
      const near = form.elements.near;
      near.value = near.value.trim().replace(/^([a-z]{1,2}\d[a-z\d]?) *(\d)[a-z]{2}$/i, "$1 $2");
    });
  });
})();
