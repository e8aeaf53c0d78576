// Makes and uses security keys and passkeys for the forms of a page (WebAuthn Level 3). Forms bring the options in a
// node; the answer goes into a hidden field, and the form is sent. Functions are called by name, as nodes say
// (onclickTrigger, onloadTrigger), so that a page needs no script of its own in its markup.

(() => {
  /** What listens for a passkey while the form waits, to be ended before anything else is asked for. */
  let waiting;

  const toBytes = (base64url) => {
    const base64 = base64url.replaceAll("-", "+").replaceAll("_", "/");
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  };
  const toBase64url = (buffer) =>
    btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");

  const describe = (key) => ({ ...key, id: toBytes(key.id) });
  const creationOf = ({ publicKey }) => ({
    ...publicKey,
    challenge: toBytes(publicKey.challenge),
    user: { ...publicKey.user, id: toBytes(publicKey.user.id) },
    excludeCredentials: (publicKey.excludeCredentials ?? []).map(describe),
  });
  const requestOf = ({ publicKey }) => ({
    ...publicKey,
    challenge: toBytes(publicKey.challenge),
    allowCredentials: (publicKey.allowCredentials ?? []).map(describe),
  });

  const credentialOf = (credential, response) =>
    JSON.stringify({ id: credential.id, rawId: toBase64url(credential.rawId), type: credential.type, response });
  const newKeyOf = (credential) =>
    credentialOf(credential, {
      attestationObject: toBase64url(credential.response.attestationObject),
      clientDataJSON: toBase64url(credential.response.clientDataJSON),
      transports: credential.response.getTransports?.() ?? [],
    });
  const answerOf = (credential) => {
    const { authenticatorData, clientDataJSON, signature, userHandle } = credential.response;
    return credentialOf(credential, {
      authenticatorData: toBase64url(authenticatorData),
      clientDataJSON: toBase64url(clientDataJSON),
      signature: toBase64url(signature),
      ...(userHandle && { userHandle: toBase64url(userHandle) }),
    });
  };

  const field = (name) => document.querySelector(`[name="${name}"]`);
  const find = (selector) => {
    const element = document.querySelector(selector);
    if (element === null) throw new Error(`there is no ${selector} on this page`);
    return element;
  };

  /** Whoever ends the browser's dialog changes nothing; of anything else the page may say something. */
  const report = (error) => {
    if (error.name === "AbortError") return;
    window.dispatchEvent(
      new CustomEvent("ory-webauthn-error", { detail: { name: error.name, message: error.message } }),
    );
  };

  const run = async (ceremony) => {
    try {
      if (window.PublicKeyCredential === undefined) throw new Error("this browser has no WebAuthn");
      waiting?.abort();
      waiting = undefined;
      await ceremony();
    } catch (error) {
      report(error);
    }
  };

  /** Sends the form that an answer belongs to, without what else is required in it. */
  const send = (target, answer) => {
    target.value = answer;
    HTMLFormElement.prototype.submit.call(target.form ?? target.closest("form"));
  };

  /** Options are given, or stand in the button that was clicked. */
  const optionsOf = (options, trigger) => options ?? JSON.parse(find(trigger).value);

  const create = async (options, target) => {
    const credential = await navigator.credentials.create({ publicKey: creationOf(options) });
    send(target, newKeyOf(credential));
  };

  window.oryWebAuthnRegistration = (
    options,
    target = '[name="webauthn_register"]',
    trigger = '[name="webauthn_register_trigger"]',
  ) =>
    run(async () => {
      const name = field("webauthn_register_displayname");
      if (name !== null && name.value.trim() === "" && field("passkey_register") === null) {
        name.required = true;
        if (!name.reportValidity()) return;
      }
      await create(optionsOf(options, trigger), find(target));
    });

  window.oryWebAuthnLogin = (
    options,
    target = '[name="webauthn_login"]',
    trigger = '[name="webauthn_login_trigger"]',
  ) =>
    run(async () => {
      const publicKey = requestOf(optionsOf(options, trigger));
      send(find(target), answerOf(await navigator.credentials.get({ publicKey })));
    });

  window.oryPasskeySettingsRegistration = () =>
    run(() =>
      create(JSON.parse(find('[name="passkey_create_data"]').value), find('[name="passkey_settings_register"]')),
    );

  window.oryPasskeyRegistration = () =>
    run(async () => {
      const target = find('[name="passkey_register"]');
      const data = JSON.parse(find('[name="passkey_create_data"]').value);
      // A passkey cannot be renamed: what the form asks for is filled in first.
      const entries = [...(target.form?.elements ?? [])].filter(({ name }) => name?.startsWith("traits."));
      if (!entries.every((entry) => entry.reportValidity())) return;
      const names = data.displayNameFieldNames ?? [data.displayNameFieldName];
      const name = names.map((each) => field(each)?.value.trim() ?? "").find((value) => value !== "");
      const { publicKey } = data.credentialOptions;
      const user = { ...publicKey.user, ...(name !== undefined && { name, displayName: name }) };
      await create({ publicKey: { ...publicKey, user } }, target);
    });

  const signIn = async (further) => {
    const publicKey = requestOf(JSON.parse(find('[name="passkey_challenge"]').value));
    const credential = await navigator.credentials.get({ publicKey, ...further });
    if (credential !== null) send(find('[name="passkey_login"]'), answerOf(credential));
  };

  window.oryPasskeyLogin = () => run(() => signIn({}));

  /** Offers passkeys where the identifier is typed, as browsers offer passwords. */
  window.oryPasskeyLoginAutocompleteInit = async () => {
    try {
      if (waiting !== undefined || field("passkey_challenge") === null) return;
      if (!(await window.PublicKeyCredential?.isConditionalMediationAvailable?.())) return;
      if (document.querySelector('input[autocomplete*="webauthn"]') === null) return;
      waiting = new AbortController();
      await signIn({ mediation: "conditional", signal: waiting.signal });
    } catch (error) {
      // Nobody asked for anything yet.
      if (error.name !== "AbortError" && error.name !== "NotAllowedError") report(error);
    }
  };
})();
