// Shows what was typed into a password field, and which of the rules it keeps.

const eye = (isOpen) =>
  `<svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M2.5 12C4.5 7.5 8 5.5 12 5.5s7.5 2 9.5 6.5c-2 4.5-5.5 6.5-9.5 6.5S4.5 16.5 2.5 12z"/><circle cx="12" cy="12" r="3"/>${isOpen ? '<path d="M4 20 20 4"/>' : ""}</svg>`;

/** A password is better the longer it is; one of few different characters is not as good as it is long. */
const strengthOf = (password, least) => {
  const worth = Math.min([...password].length, new Set(password).size * 2);
  return worth < least ? "weak" : worth < Math.max(least + 4, 12) ? "ok" : "good";
};

const isLike = (password, identifier) => {
  const [given, known] = [password.toLowerCase(), identifier.trim().toLowerCase()];
  const parts = [known, ...known.split("@")].filter((part) => part.length > 3);
  return parts.some((part) => given.includes(part) || (given.length > 3 && part.includes(given)));
};

/** What the person signs in with, as far as the form shows it. */
const identifiersIn = (form) =>
  [...form.querySelectorAll("input")]
    .filter(
      ({ autocomplete, name }) =>
        /\b(?:username|email)\b/.test(autocomplete) || name === "identifier" || /(?:^|\.)e?mail$/.test(name),
    )
    .map(({ value }) => value)
    .filter((value) => value !== "");

const watchRules = (secret, input) => {
  const rules = secret.nextElementSibling;
  const bar = document.createElement("span");
  bar.className = "strength";
  const said = document.createElement("span");
  said.className = "hidden";
  said.setAttribute("role", "status");
  secret.append(bar);
  secret.after(said);
  const lengthRule = rules.querySelector("[data-min-length]");
  const least = Number(lengthRule?.dataset.minLength ?? 8);
  let waiting;
  input.addEventListener("input", () => {
    const { value } = input;
    const isLong = [...value].length >= least;
    const isOwn = value !== "" && !identifiersIn(input.form).some((identifier) => isLike(value, identifier));
    lengthRule?.classList.toggle("kept", isLong);
    rules.querySelector("[data-unlike-identifier]")?.classList.toggle("kept", isOwn && isLong);
    const strength = value === "" ? "" : isLong && !isOwn ? "weak" : strengthOf(value, least);
    bar.className = `strength ${strength}`;
    clearTimeout(waiting);
    // Said when the typing pauses.
    waiting = setTimeout(() => {
      said.textContent = strength === "" ? "" : secret.dataset[strength];
    }, 800);
  });
};

for (const secret of document.querySelectorAll(".secret")) {
  const input = secret.querySelector("input");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "reveal";
  const show = (isShown) => {
    input.type = isShown ? "text" : "password";
    const label = isShown ? secret.dataset.hide : secret.dataset.show;
    button.setAttribute("aria-label", label);
    button.title = label;
    button.innerHTML = eye(isShown);
  };
  show(false);
  button.addEventListener("click", () => {
    show(input.type === "password");
    input.focus();
  });
  // Never sent in the clear to whatever a browser remembers of text fields.
  input.form?.addEventListener("submit", () => show(false));
  secret.append(button);
  if (secret.dataset.weak !== undefined) watchRules(secret, input);
}
