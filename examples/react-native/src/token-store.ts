import type { TokenStore } from "@ostiary/client";

/**
 * Where the operating system keeps secrets. `expo-secure-store` has this shape
 * (`getItemAsync` and its like renamed), `react-native-keychain` nearly.
 */
export interface SecureStorage {
  readonly getItem: (key: string) => Promise<string | null>;
  readonly setItem: (key: string, value: string) => Promise<void>;
  readonly removeItem: (key: string) => Promise<void>;
}

const key = "ostiary-session-token";

/**
 * Keeps the session token in the secure storage, and in memory while the app
 * runs: the storage is asked once. What is written is written in order.
 */
export const createTokenStore = (storage: SecureStorage): TokenStore => {
  let known: Promise<string | undefined> | undefined;
  let writing = Promise.resolve();
  return {
    get: () => {
      known ??= storage.getItem(key).then((token) => token ?? undefined);
      return known;
    },
    set: (token) => {
      known = Promise.resolve(token);
      writing = writing.then(() => (token === undefined ? storage.removeItem(key) : storage.setItem(key, token)));
      return writing;
    },
  };
};
