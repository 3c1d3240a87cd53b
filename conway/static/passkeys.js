"use strict";

// A passkey is made or shown: the server's options stand in the page, the browser's answer goes back in a hidden field.

const passkeyButton = document.querySelector("[data-passkey]");

function bytesOf(text) {
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

function textOf(buffer) {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function readOptions() {
  const options = JSON.parse(document.getElementById("passkey-options").textContent);
  const asked = options.publicKey;
  asked.challenge = bytesOf(asked.challenge);
  if (asked.user) asked.user.id = bytesOf(asked.user.id);
  for (const list of [asked.excludeCredentials, asked.allowCredentials]) {
    for (const known of list ?? []) known.id = bytesOf(known.id);
  }
  return options;
}

function written(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = textOf(credential.response[name]);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: textOf(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  });
}

passkeyButton?.addEventListener("click", async () => {
  const form = passkeyButton.form;
  const problem = document.querySelector("[data-passkey-problem]");
  const named = form.elements.namedItem("name");
  if (named && !named.reportValidity()) return;
  problem.hidden = true;
  try {
    const credential = await navigator.credentials[passkeyButton.dataset.passkey](readOptions());
    form.elements.namedItem("passkey").value = written(credential);
    form.noValidate = true;   // no other field has to be filled in
    form.requestSubmit(form.querySelector("[type=submit], button:not([type])"));
  } catch {
    problem.textContent = "The browser showed no passkey. Try it again, or use another way.";
    problem.hidden = false;
  }
});
