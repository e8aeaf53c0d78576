/** The kind of job that delivers messages. A queued message is its own job. */
export const messageJob = "message";
