#!/usr/bin/env node
import { createEcmaScriptPlugin, runNodeJs } from "@bufbuild/protoplugin";
import { buildDocument, printDocument } from "./openapi/document.ts";
import { toOpenApi30 } from "./openapi/to-3-0.ts";

/*
 * The plugin of buf and protoc that writes openapi.json, an OpenAPI 3.1
 * document, and openapi-3.0.json, the same for generators that need it.
 */

runNodeJs(
  createEcmaScriptPlugin({
    name: "protoc-gen-openapi",
    version: "1",
    generateTs: ({ files, generateFile }) => {
      const ours = files.filter(({ proto }) => proto.package.startsWith("ostiary."));
      // Other modules of a workspace come in calls of their own.
      if (ours.length === 0) return;
      const document = buildDocument(ours);
      generateFile("openapi.json").print(printDocument(document).trimEnd());
      generateFile("openapi-3.0.json").print(printDocument(toOpenApi30(document)).trimEnd());
    },
  }),
);
