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
