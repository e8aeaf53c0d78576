import { deepFreeze } from "./deep-freeze.ts";

/**
 * Makes a function of an object that keeps what it gave, frozen, from the
 * second time on that it is asked of the same one. What is asked once, as after
 * a change, costs neither freezing nor memory; what is read again and again
 * costs nothing more, here and in printers, which keep the text of what is
 * frozen.
 */
export const memoize = <K extends object, V>(make: (key: K) => V): ((key: K) => V) => {
  const asked = new WeakSet<K>();
  const made = new WeakMap<K, { readonly value: V }>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known.value;
    const value = make(key);
    if (asked.has(key)) made.set(key, { value: deepFreeze(value) });
    else asked.add(key);
    return value;
  };
};
