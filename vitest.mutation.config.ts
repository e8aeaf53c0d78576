import config from "./vitest.config.ts";

/** What `make mutate` runs tests with: Stryker runs them in threads, to which no options of Node can be given. */
export default { ...config, test: { ...config.test, execArgv: [] } };
