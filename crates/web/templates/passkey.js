// The only script of the exchange: asks the browser for a passkey and puts the answer into the form it belongs to.
// Everything else works without scripts; where this one cannot run, the page says what to do instead.
"use strict";

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const button = form.querySelector("button");
  const field = form.querySelector("input[name=credential]");
  const said = form.querySelector("[role=status]");
  const usable = "PublicKeyCredential" in window && "parseCreationOptionsFromJSON" in PublicKeyCredential;
  if (!usable) {
    said.textContent = form.dataset.unusable;
    continue;
  }
  button.hidden = false;
  form.addEventListener("submit", async (event) => {
    if (field.value) return;
    event.preventDefault();
    said.textContent = "";
    button.disabled = true;
    try {
      const { publicKey } = JSON.parse(form.dataset.options);
      const credential = form.dataset.passkey === "make"
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
      field.value = JSON.stringify(credential);
      form.submit();
    } catch {
      // Refused by the person, timed out, or no passkey here: the browser does not tell which.
      said.textContent = form.dataset.failed;
      button.disabled = false;
      button.focus();
    }
  });
}
