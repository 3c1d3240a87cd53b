"use strict";

// A long download says how far it is, and can be given up. Without this, the link is a link.

const FEW_ROWS = 5000;         // are there before anybody would look
const MANY_ROWS = 2000000;     // are the browser's own to keep
const PIECE = 16 * 1024 * 1024;

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-export]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const rows = Number(link.dataset.rows || "");
  if (link.dataset.rows && (rows <= FEW_ROWS || rows > MANY_ROWS)) return;
  event.preventDefault();
  if (!link.nextElementSibling?.matches(".exporting")) download(link, rows);
});

async function download(link, rows) {
  const stopping = new AbortController(), told = progress(link, rows, stopping);
  try {
    const answer = await fetch(link.href, { signal: stopping.signal });
    if (answer.redirected || !answer.ok) throw new Error("It was refused: load the page anew.");
    const kept = [];
    let pieces = [], bytes = 0, lines = 0;
    for (const reader = answer.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      pieces.push(value);
      bytes += value.length;
      if (bytes > PIECE) {   // the browser may lay a blob aside on disk
        kept.push(new Blob(pieces));
        [pieces, bytes] = [[], 0];
      }
      for (const byte of value) if (byte === 10) lines += 1;
      told.show(lines);
    }
    save(new Blob([...kept, ...pieces], { type: answer.headers.get("content-type") }), named(answer));
    told.end("");
  } catch (error) {
    told.end(error.name === "AbortError" ? "" : `The download broke off. ${error.message}`);
  }
}

function progress(link, rows, stopping) {
  const box = Object.assign(document.createElement("span"), { className: "exporting" });
  const bar = Object.assign(document.createElement("progress"), rows ? { max: rows, value: 0 } : {});
  const said = document.createElement("span"), stop = document.createElement("button");
  bar.setAttribute("aria-label", "Download");
  said.setAttribute("role", "status");
  Object.assign(stop, { type: "button", className: "plain compact", textContent: "Give up" });
  stop.addEventListener("click", () => stopping.abort());
  box.append(bar, said, stop);
  link.after(box);
  let told = 0;
  return {
    show(lines) {
      if (rows) bar.value = Math.min(lines, rows);
      if (Date.now() - told < 500) return;
      told = Date.now();
      said.textContent = rows ? `${lines.toLocaleString("en")} of ${rows.toLocaleString("en")} rows` : `${lines.toLocaleString("en")} rows`;
    },
    end(wrong) {
      bar.remove();
      stop.remove();
      said.textContent = wrong;
      if (!wrong) box.remove();
    },
  };
}

const named = (answer) => /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") || "")?.[1] || "export.csv";

function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
