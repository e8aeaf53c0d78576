/** The kind of job that delivers messages. A message that waits is its own job. */
export const messageJob = "message";
