// Reloads the page when it has been rebuilt. Only for `portal preview`, never on the site.
(() => {
  "use strict";
  const shown = document.currentScript.dataset.version;
  let source = null;

  // A browser opens few connections to one host, so pages in the background let theirs go.
  const listen = () => {
    if (source) source.close();
    source = null;
    if (document.visibilityState !== "visible") return;
    source = new EventSource(`/-preview/changes?after=${encodeURIComponent(shown)}`);
    source.onmessage = (message) => {
      if (message.data === shown) return;
      source.close();
      location.reload();
    };
  };

  // The page is there before it is known what changes for families.
  const complete = async () => {
    const note = document.querySelector(".preview-note[data-waits]");
    const answer = note && await fetch("/-preview/note");
    if (answer && answer.ok) note.outerHTML = await answer.text();
  };

  complete();
  document.addEventListener("visibilitychange", listen);
  addEventListener("pageshow", listen);
})();
