import { expect, it } from "vitest";
import { filesBelow, read } from "./source-files.ts";

/*
 * What a person signs in with changes at the level of their account alone. In a sign-in that is seen to where the level
 * is looked at: a method gives the use of the credential that it has verified, and nothing else of the kind.
 */

const folders = ["src/flows/login", "src/flows/registration", "src/flows/authentication", "src/flows/redirect"];

it.each([
  ["putSecret", "src/flows/login/write-sign-in.ts"],
  ["linkAccount", "src/flows/login/link-account.ts"],
  ["applyUpdate", "src/flows/login/update-identity.ts"],
])("of all that ends a sign-in or sign-up, what calls .%s is %s alone", (name, file) => {
  const call = new RegExp(`\\.${name}(?:\\?\\.)?\\(`);
  expect(filesBelow(folders, [".ts"]).filter((each) => call.test(read(each)))).toEqual([file]);
});

it("methods write no person and no credential: they give what changes to the flow", () => {
  const write = /\bidentities\s*\.(?:putSecret|update|insert)\(/;
  expect(filesBelow(["src/methods"], [".ts"]).filter((file) => write.test(read(file)))).toEqual([]);
});
