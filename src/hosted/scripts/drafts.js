// What was typed is kept in this tab until it is known to have arrived: a form
// that has expired, or a session that has ended meanwhile, loses nothing. Never
// kept are passwords, codes and what nobody sees. Another account's is dropped.

const prefix = "hosted draft ";
const maxAge = 3_600_000;

const fieldsOf = (form) =>
  [...form.elements].filter(({ name, type, readOnly, hidden, autocomplete }) => {
    const isSecret = type === "password" || /password|one-time-code/.test(autocomplete ?? "");
    return (
      name &&
      !isSecret &&
      !readOnly &&
      !hidden &&
      ["text", "email", "tel", "url", "date", "checkbox", "select-one"].includes(type)
    );
  });

const entryOf = (field) => (field.type === "checkbox" ? field.checked : field.value);

const put = (field, value) => {
  if (entryOf(field) === value) return false;
  if (field.type === "checkbox") field.checked = value === true;
  else field.value = value;
  return true;
};

const read = (key) => {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
};

const isFresh = (draft, form) =>
  draft !== null && draft.account === (form.dataset.account ?? "") && Date.now() - draft.at < maxAge;

/** The API shows again what it has refused, and what it has saved needs no keeping. */
const isAnswered = document.querySelector('[aria-invalid="true"], .saved') !== null;

for (const form of document.querySelectorAll("form[data-draft]")) {
  const key = prefix + form.dataset.draft;
  const draft = read(key);
  if (draft !== null && !isAnswered && isFresh(draft, form)) {
    const changed = fieldsOf(form).filter(
      (field) => Object.hasOwn(draft.values, field.name) && put(field, draft.values[field.name]),
    );
    const notice = form.closest(".panel")?.querySelector("[data-draft-kept]");
    if (changed.length > 0 && notice) notice.hidden = false;
  }
  if (isAnswered || !isFresh(draft, form) || form.dataset.account !== undefined) sessionStorage.removeItem(key);
  form.addEventListener("submit", () => {
    const values = Object.fromEntries(fieldsOf(form).map((field) => [field.name, entryOf(field)]));
    if (Object.keys(values).length > 0)
      sessionStorage.setItem(key, JSON.stringify({ account: form.dataset.account ?? "", at: Date.now(), values }));
  });
}

// Whoever is in has no more need of the way in; whoever signs out leaves nothing behind.
const isOver = (key) =>
  document.querySelector("[data-forget-drafts]") !== null ||
  (document.body.matches(".account") && !key.startsWith(`${prefix}settings`));
for (const key of Object.keys(sessionStorage))
  if (key.startsWith(prefix) && isOver(key)) sessionStorage.removeItem(key);

// One click is enough.
for (const form of document.querySelectorAll("form[method='post']")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent !== undefined) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "";
    event.submitter?.setAttribute("aria-busy", "true");
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  }
});
