// Nothing here is needed to finish a task. It warns before a visit ends, and saves a register by
// itself a moment after each mark.
(() => {
  "use strict";
  const warning = document.querySelector("[data-signout]");
  if (!warning) return;
  const [words, button] = [warning.querySelector("span"), warning.querySelector("button")];
  const tabs = new BroadcastChannel("staff");
  const idle = Number(warning.dataset.signout) * 1000;
  let ends = 0;

  const until = (moment) => {
    ends = moment;
    warning.hidden = true;
  };
  const extended = (seconds) => {
    until(Date.now() + seconds * 1000);
    tabs.postMessage(ends);
  };
  const stay = () => fetch("/staff/stay").then((answer) => answer.json())
    .then(({ left }) => extended(left)).catch(() => {});
  tabs.addEventListener("message", ({ data }) => { if (data > ends) until(data); });
  button.addEventListener("click", stay);
  extended(idle / 1000);

  setInterval(() => {
    const left = ends - Date.now();
    if (left > 120000) return;
    const minutes = left > 60000 ? "2 minutes" : "1 minute";
    const said = left > 0
      ? `You will be signed out in ${minutes}.`
      : "You are signed out. What you typed is still here: press the button of the form, and sign in again.";
    if (words.textContent !== said) words.textContent = said;
    button.hidden = left <= 0;
    warning.hidden = false;
  }, 1000);

  const form = document.querySelector("form[data-saves]");
  if (!form) return;
  const state = form.querySelector("[data-saved]");
  const hidden = ["csrf_token", "seen", "walk-in-version"];
  let timer;
  let saving = false;
  let again = false;

  // What others marked in the meantime is shown, except where this worker has marked since.
  const follow = (fresh, sent) => {
    const present = new FormData(form);
    for (const [name, value] of new FormData(fresh)) {
      const same = present.get(name) === sent.get(name);
      if (form.elements[name] && (same || hidden.includes(name))) form.elements[name].value = value;
    }
  };
  const save = async () => {
    again = saving;
    if (saving) return;
    saving = true;
    const sent = new FormData(form);
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(sent) });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = answer.ok && page.querySelector("form[data-saves]");
      if (!fresh) throw new Error("not saved");
      follow(fresh, sent);
      extended(Number(page.querySelector("[data-signout]").dataset.signout));
      state.textContent = "Saved.";
    } catch {
      state.textContent = "Not saved yet. Press “Save the register”.";
    }
    saving = false;
    if (again) save();
  };
  form.addEventListener("change", () => {
    state.textContent = "";
    clearTimeout(timer);
    timer = setTimeout(save, 1500);
  });
  form.addEventListener("submit", () => clearTimeout(timer));
})();
