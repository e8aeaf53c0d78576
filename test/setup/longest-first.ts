import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Folders and files whose tests take the longest, in minutes or in half of one: programs are downloaded, compiled and
 * run. Between them what measures pauses and memory, so that a worker begins with it, and the packages of npm, so that
 * Maven and pip are first asked by one file at a time. On a clean clone nothing else says how long a file takes: the
 * rest comes by its size.
 */
const longest = [
  "/test/clients/pages.",
  "/test/behaviour/floods.",
  "/test/examples/react-native.",
  "/test/examples/command-line.",
  "/test/examples/",
  "/test/browser/",
  "/test/clients/",
  // Small files, which would come last.
  "/test/behaviour/interrupted",
  "/test/behaviour/plans.",
  "/test/behaviour/account/export-",
  "/test/behaviour/events/receivers.",
  "/test/behaviour/web-hook-failures.",
  "/test/compatibility/replay.",
  "/test/move-in/",
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
