"use strict";

// Word of a change: the server says that credits changed, and whatever on the page cares asks for itself anew. A page
// without this, or without a connection, is right whenever it is loaded.

const livePath = document.body.dataset.live;
const PAUSE_MS = 400;          // a busy account's page asks twice a second at most
const LONGEST_WAIT_MS = 30000;
let waitMs = 1000, told = null, wasOpen = false;

function tellPage() {
  told ??= setTimeout(() => {
    told = null;
    document.body.dispatchEvent(new CustomEvent("credits-changed"));
  }, PAUSE_MS);
}

function listen() {
  const socket = new WebSocket(location.origin.replace(/^http/, "ws") + livePath);
  socket.onopen = () => {
    waitMs = 1000;
    if (wasOpen) tellPage();   // something may have happened while we were deaf
    wasOpen = true;
    document.body.dataset.connected = "yes";
  };
  socket.onmessage = tellPage;
  socket.onclose = () => {
    delete document.body.dataset.connected;
    setTimeout(listen, waitMs * (0.5 + Math.random()));
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  };
}

if (livePath) listen();

// A refused or redirected part is not put into the page: it stays as it was, or goes where the server sent us.

document.addEventListener("htmx:after:request", (event) => {
  const response = event.detail.ctx.response;
  if (response.status >= 400) event.preventDefault();
  if (response.raw.redirected) {
    event.preventDefault();
    location.reload();
  }
});

// Copying. Without a secure context there is no clipboard, but a selection can still be copied.

document.querySelectorAll("[data-copy]").forEach((button) => { button.hidden = false; });

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    getSelection().selectAllChildren(source);
    document.execCommand("copy");
  }
  const said = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = said; }, 1500);
});
