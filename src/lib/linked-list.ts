/** Values in the order in which they came. */
export interface LinkedList<T> extends Iterable<T> {
  /** Adds a value at the end. The function removes it; it may be called again. */
  add(value: T): () => void;
}

/** The head is a link without a value. */
interface Link<T> {
  value: T | undefined;
  before: Link<T>;
  after: Link<T>;
  removed: boolean;
}

/**
 * Creates a list for what comes and goes with each request. A `Map` or `Set` is rehashed all the time then, and each
 * table that V8 leaves behind refers to the next one: as soon as one of them is old, whatever was in those that follow
 * survives until the next full collection, requests and answers with it. A link that is removed refers to nothing.
 */
export const createLinkedList = <T>(): LinkedList<T> => {
  const head = {} as Link<T>;
  unlink(head);
  return {
    add: (value) => {
      const link: Link<T> = { value, before: head.before, after: head, removed: false };
      head.before.after = link;
      head.before = link;
      return () => {
        if (link.removed) return;
        link.before.after = link.after;
        link.after.before = link.before;
        unlink(link);
      };
    },
    *[Symbol.iterator]() {
      for (let link = head.after; link !== head; ) {
        const { after, value } = link;
        yield value as T;
        // Whoever is given a value may remove it.
        link = link.removed ? after : link.after;
      }
    },
  };
};

const unlink = <T>(link: Link<T>): void => {
  link.value = undefined;
  link.before = link;
  link.after = link;
  link.removed = true;
};
