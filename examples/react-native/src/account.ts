import {
  type Challenge,
  type Client,
  type ClientOptions,
  createClient,
  createLogin,
  createRegistration,
  createSessions,
  createSettings,
  type Failure,
  type Form,
  type FormValues,
  formOf,
  type LoginFlow,
  type SettingsFlow,
  type WithForm,
} from "@ostiary/client";

/** What the app shows of the account. */
export interface AccountState {
  /** `unknown` until the storage and the server were asked. */
  readonly session: "unknown" | "none" | "signed-in";
  /** The form of the settings, once it is there. */
  readonly settings: Form | undefined;
  /** The form of signing in, of signing up, or of proving again who one is. */
  readonly entrance: Form | undefined;
  /** What the server wants to see before it goes on; the screen shows `entrance` as a sheet. */
  readonly challenge: Challenge | undefined;
  readonly failure: Failure | undefined;
  readonly pending: boolean;
}

/** The account of whoever holds the phone: state for screens, and what they can do. */
export interface Account {
  readonly state: () => AccountState;
  readonly subscribe: (listener: () => void) => () => void;
  /** Asks whether there is a session. Called when the app starts. */
  readonly start: () => Promise<void>;
  readonly beginSignIn: () => Promise<void>;
  readonly beginSignUp: () => Promise<void>;
  /** Submits the form of the entrance. */
  readonly enter: (values: FormValues) => Promise<void>;
  /** Gives up proving who one is: the change is not made. */
  readonly refuse: () => void;
  readonly openSettings: () => Promise<void>;
  readonly saveSettings: (values: FormValues) => Promise<void>;
  readonly signOut: () => Promise<void>;
  /** For what has no place here: linking a provider. */
  readonly client: Client;
}

interface Entrance {
  readonly form: Form;
  readonly submit: (values: FormValues) => Promise<{ readonly ok: true } | Refusal>;
}

interface Refusal {
  readonly ok: false;
  readonly failure: Failure;
  readonly flow?: WithForm | undefined;
}

const nothing: AccountState = {
  session: "unknown",
  settings: undefined,
  entrance: undefined,
  challenge: undefined,
  failure: undefined,
  pending: false,
};

/** Creates the store. Screens read it by useSyncExternalStore; it knows nothing of React. */
export const createAccount = (options: Omit<ClientOptions, "authenticate">): Account => {
  let state = nothing;
  const listeners = new Set<() => void>();
  const set = (change: Partial<AccountState>): void => {
    state = { ...state, ...change };
    for (const listener of listeners) listener();
  };

  let entrance: Entrance | undefined;
  let answer: ((done: boolean) => void) | undefined;
  let flow: SettingsFlow | undefined;

  const client = createClient({
    ...options,
    authenticate: async (challenge) => {
      const query = challenge.reason === "aal2_required" ? { aal: "aal2" } : { refresh: true };
      const begun = await createLogin(client).create(query);
      if (!begun.ok) return false;
      const done = new Promise<boolean>((resolve) => {
        answer = resolve;
      });
      showEntrance(loginEntrance(begun.value));
      set({ challenge, pending: false });
      return done;
    },
  });
  const [login, registration, settings] = [createLogin(client), createRegistration(client), createSettings(client)];
  const sessions = createSessions(client);

  const showEntrance = (next: Entrance | undefined): void => {
    entrance = next;
    set({ entrance: next?.form, failure: undefined });
  };
  const loginEntrance = (begun: LoginFlow): Entrance => ({
    form: formOf(begun),
    submit: (values) => login.submit(begun, values),
  });
  const finish = (done: boolean): void => {
    const resolve = answer;
    answer = undefined;
    showEntrance(undefined);
    set({ challenge: undefined, pending: done });
    resolve?.(done);
  };

  const openSettings = async (): Promise<void> => {
    set({ pending: true });
    const created = await settings.create();
    if (created.ok) flow = created.value;
    set({
      pending: false,
      ...(created.ok ? { settings: formOf(created.value), failure: undefined } : { failure: created.failure }),
    });
  };

  return {
    client,
    state: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start: async () => {
      const session = await sessions.whoAmI();
      set({ session: session.ok ? "signed-in" : "none" });
    },
    beginSignIn: async () => {
      const begun = await login.create();
      if (begun.ok) showEntrance(loginEntrance(begun.value));
      else set({ failure: begun.failure });
    },
    beginSignUp: async () => {
      const begun = await registration.create();
      if (!begun.ok) set({ failure: begun.failure });
      else
        showEntrance({
          form: formOf(begun.value),
          submit: (values) => registration.submit(begun.value, values),
        });
    },
    enter: async (values) => {
      const at = entrance;
      if (at === undefined) return;
      set({ pending: true });
      const result = await at.submit(values);
      if (!result.ok) {
        const form = result.flow === undefined ? at.form : formOf(result.flow);
        entrance = { ...at, form };
        set({ entrance: form, failure: result.failure, pending: false });
      } else if (answer === undefined) {
        showEntrance(undefined);
        set({ session: "signed-in", pending: false });
      } else finish(true);
    },
    refuse: () => finish(false),
    openSettings,
    saveSettings: async (values) => {
      if (flow === undefined) return;
      set({ pending: true });
      const result = await settings.submit(flow, values);
      const shown = result.ok ? result.value.flow : result.flow;
      if (shown !== undefined) flow = shown;
      set({
        pending: false,
        failure: result.ok ? undefined : result.failure,
        ...(shown !== undefined && { settings: formOf(shown) }),
      });
    },
    signOut: async () => {
      const result = await sessions.signOut();
      if (!result.ok) return set({ failure: result.failure });
      flow = undefined;
      set({ ...nothing, session: "none" });
    },
  };
};
