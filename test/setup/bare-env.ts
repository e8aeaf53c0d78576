/**
 * The environment of a program that a test starts: nothing of this machine's, but where programs are found, and where
 * compiled code is kept, as bin/ostiary has it.
 */
export const bareEnv = {
  PATH: process.env.PATH,
  ...(process.env.NODE_COMPILE_CACHE !== undefined && { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }),
};
