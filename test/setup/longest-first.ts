import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Folders and files whose tests take the longest, in minutes: programs are downloaded, compiled and run. Between them
 * what measures pauses and memory, so that a worker begins with it.
 */
const longest = [
  "/test/clients/pages.",
  "/test/behaviour/floods.",
  "/test/clients/",
  "/test/examples/",
  "/test/browser/",
  // Small files, which would come last where no run before says how long they take.
  "/test/behaviour/interrupted",
  "/test/move-in/generated.",
  "/test/unit/lib/give-back-memory.",
  "/test/unit/cli/",
];

/** Begins with what takes longest, so that no worker is left alone with it at the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = longest.findIndex((part) => moduleId.includes(part));
      return at === -1 ? longest.length : at;
    };
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other));
  }
}
