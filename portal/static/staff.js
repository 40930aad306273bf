// Nothing here is needed to finish a task. It warns before a visit ends, and saves a register by
// itself a moment after each mark. It also counts contacts without loading the page at each press.
(() => {
  "use strict";
  const count = (form, extended) => {
    const most = Number(form.dataset.counts);
    const [state, save] = [form.querySelector("[data-saved]"), form.querySelector("[name=changes]")];
    const outputs = [...form.querySelectorAll("output")];
    const number = (name) => outputs.find((one) => one.dataset.of === name);
    const counters = outputs.filter((one) => one.dataset.of !== "all");
    const known = new Map(counters.map((one) => [one.dataset.of, Number(one.value)]));
    // What waits to be sent: each with a key, so that it counts once however often it is sent.
    const waiting = [];
    let fresh = new Map();
    let sending = false;
    let refused = false; // nothing of what was sent was counted: the page must be loaded to go on
    let timer;

    const unsaved = (name) => [...waiting.map((one) => one.changes), fresh]
      .reduce((sum, changes) => sum + (changes.get(name) || 0), 0);
    const show = () => {
      let all = 0;
      for (const one of counters) {
        const name = one.dataset.of;
        one.value = Math.max(0, known.get(name) + unsaved(name));
        all += Number(one.value);
      }
      number("all").value = all;
    };
    const written = (changes) => [...changes].map(([name, by]) => `${name}:${by}`).join(" ");
    const later = (wait) => {
      clearTimeout(timer);
      timer = setTimeout(send, wait);
    };
    const add = (changes, to) => {
      for (const [name, by] of changes) to.set(name, (to.get(name) || 0) + by);
    };
    const close = () => {
      if (refused && waiting.length) {
        for (const changes of [...waiting.splice(1).map((one) => one.changes), fresh]) add(changes, waiting[0].changes);
      } else if ([...fresh.values()].some(Boolean)) {
        const key = [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0"));
        waiting.push({ key: key.join(""), changes: fresh });
      }
      fresh = new Map();
    };
    const post = ({ key, changes }) => {
      form.elements.key.value = key;
      save.value = written(changes);
      const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value, key, changes: save.value });
      return fetch(form.action, { method: "POST", body, keepalive: true });
    };
    const send = async () => {
      if (sending) return;
      if (!waiting.length || refused) close();
      if (!waiting.length) return;
      sending = true;
      try {
        const answer = await post(waiting[0]);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const now = page.querySelector("form[data-counts]");
        if (now) form.elements.csrf_token.value = now.elements.csrf_token.value;
        refused = !now && answer.status < 500;
        if (!now || !answer.ok) throw new Error("not saved");
        waiting.shift();
        for (const one of now.querySelectorAll("output")) known.set(one.dataset.of, Number(one.value));
        extended(Number(page.querySelector("[data-signout]").dataset.signout));
        show();
        save.hidden = true;
        state.textContent = "Saved.";
        if (waiting.length || fresh.size) later(0);
      } catch {
        state.textContent = refused
          ? "Not saved. Press “Save now” to see why."
          : "Not saved yet. Keep this page open: we try again.";
        save.hidden = false;
        later(5000);
      }
      sending = false;
    };
    form.addEventListener("click", (event) => {
      const button = event.target.closest("[name=more], [name=less]");
      if (!button) return;
      event.preventDefault();
      const [name, by] = [button.value, button.name === "more" ? 1 : -1];
      const next = known.get(name) + unsaved(name) + by;
      if (next < 0 || next > most) return;
      add([[name, by]], fresh);
      show();
      if (save.hidden) state.textContent = "";
      later(save.hidden ? 1500 : 5000);
    });
    addEventListener("online", () => later(0));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState !== "hidden") return;
      if (!sending) return void send();
      close();
      if (waiting.length > 1) post(waiting.at(-1)).catch(() => {});
    });
    addEventListener("beforeunload", (event) => {
      if (!save.hidden) event.preventDefault();
    });
    form.addEventListener("submit", (event) => {
      if (!refused) {
        event.preventDefault();
        return later(0);
      }
      close();
      form.elements.key.value = waiting[0].key;
      save.value = written(waiting[0].changes);
      save.hidden = true;
    });
  };

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

  const tallies = document.querySelector("form[data-counts]");
  if (tallies) count(tallies, extended);
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
