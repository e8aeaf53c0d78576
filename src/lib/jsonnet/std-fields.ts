/** The functions of `std` that the engine lacks and go-jsonnet has, as fields of a Jsonnet object, in one line. */
export const stdAdditions = [
  // Space as Unicode has it within Latin-1 (std.trim of the Jsonnet standard library).
  String.raw`trim(str):: ostiary_std.stripChars(str, " \t\n\f\r\u0085\u00A0")`,
  "flattenDeepArray(value):: if ostiary_std.isArray(value) " +
    "then [entry for inner in value for entry in $.flattenDeepArray(inner)] else [value]",
  "pi:: 3.141592653589793",
  "deg2rad(x):: x * 3.141592653589793 / 180",
  "rad2deg(x):: x * 180 / 3.141592653589793",
  // By mantissa and exponent, so that powers of two have whole logarithms.
  "log2(x):: local m = ostiary_std.mantissa(x), e = ostiary_std.exponent(x); " +
    "if m == 0.5 then e - 1 else ostiary_std.log(m) * 1.4426950408889634 + e",
  "log10(x):: $.log2(x) * 0.3010299956639812",
  // Without squaring what is large.
  "hypot(x, y):: local p = ostiary_std.max(ostiary_std.abs(x), ostiary_std.abs(y)), " +
    "q = ostiary_std.min(ostiary_std.abs(x), ostiary_std.abs(y)); " +
    "if p == 0 then 0 else p * ostiary_std.sqrt(1 + (q / p) * (q / p))",
  "atan2(y, x):: local half = 1.5707963267948966, straight = 3.141592653589793; " +
    "if y == 0 then (if x >= 0 then 0 else straight) else if x == 0 then (if y > 0 then half else -half) " +
    "else local q = ostiary_std.atan(y / x); " +
    "if x > 0 then q else if q <= 0 then q + straight else q - straight",
].join(", ");

/** Everything that `std` has in a mapper: what the engine has, and what is added. */
export const stdFields: ReadonlySet<string> = new Set(
  [
    "__array_greater __array_greater_or_equal __array_less __array_less_or_equal __compare __compare_array abs acos",
    "all any asciiLower asciiUpper asin assertEqual atan atan2 avg base64 base64Decode base64DecodeBytes ceil char",
    "clamp codepoint contains cos count decodeUTF8 deepJoin deg2rad encodeUTF8 endsWith equals equalsIgnoreCase",
    "escapeStringBash escapeStringDollars escapeStringJson escapeStringPython escapeStringXML exp exponent extVar",
    "filter filterMap find findSubstr flatMap flattenArrays flattenDeepArray floor foldl foldr format get hypot id",
    "isArray isBoolean isDecimal isEmpty isEven isFunction isInteger isNumber isObject isOdd isString join length",
    "lines log log10 log2 lstripChars makeArray manifestIni manifestJson manifestJsonEx manifestJsonMinified",
    "manifestPython manifestPythonVars manifestToml manifestTomlEx manifestXmlJsonml manifestYamlDoc",
    "manifestYamlStream mantissa map mapWithIndex mapWithKey max maxArray md5 member mergePatch min minArray mod",
    "modulo native objectFields objectFieldsAll objectFieldsEx objectHas objectHasAll objectHasEx objectKeysValues",
    "objectKeysValuesAll objectRemoveKey objectValues objectValuesAll parseHex parseInt parseJson parseOctal",
    "parseYaml pi pow primitiveEquals prune rad2deg range remove removeAt repeat resolvePath reverse round",
    "rstripChars set setDiff setInter setMember setUnion sha1 sha256 sha3 sha512 sign sin slice sort split splitLimit",
    "splitLimitR sqrt startsWith strReplace stringChars stripChars substr sum tan thisFile toString trace trim type",
    "uniq xnor xor",
  ].flatMap((line) => line.split(" ")),
);
