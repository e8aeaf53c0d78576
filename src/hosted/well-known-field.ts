/** A trait that every site has under some name: its text here, and its name for the browser (HTML, autofill). */
export interface WellKnownField {
  /** Of the text `field.<key>`. */
  readonly key: string;
  readonly autocomplete?: string;
}

// biome-ignore format: a table, read by its columns
const table: readonly (readonly [RegExp, WellKnownField])[] = [
  [/^(?:e?mail|emailaddress)$/,                                     { key: "email", autocomplete: "email" }],
  [/^(?:first|firstname|given|givenname|forename|namefirst|namegiven)$/,
    { key: "first_name", autocomplete: "given-name" }],
  [/^(?:last|lastname|family|familyname|surname|namelast|namefamily)$/,
    { key: "last_name", autocomplete: "family-name" }],
  [/^(?:middle|middlename|namemiddle)$/,
    { key: "middle_name", autocomplete: "additional-name" }],
  [/^(?:name|fullname|displayname)$/,                               { key: "name", autocomplete: "name" }],
  [/^(?:nick|nickname)$/,                                           { key: "nickname", autocomplete: "nickname" }],
  [/^(?:user|username|login|handle)$/,                              { key: "username", autocomplete: "username" }],
  [/^(?:tel|phone|phonenumber|mobile|mobilenumber|telephone)$/,     { key: "phone", autocomplete: "tel" }],
  [/^(?:web|website|homepage|url)$/,                                { key: "website", autocomplete: "url" }],
  [/^(?:birthday|birthdate|dateofbirth|dob)$/,                      { key: "birthday", autocomplete: "bday" }],
  [/^(?:company|organi[sz]ation)$/,                                 { key: "company", autocomplete: "organization" }],
  [/^(?:street|addressstreet|addressline1|streetaddress)$/,         { key: "street", autocomplete: "address-line1" }],
  [/^(?:city|town|addresscity)$/,                                   { key: "city", autocomplete: "address-level2" }],
  [/^(?:zip|zipcode|postcode|postalcode|addresszip|addresspostcode)$/,
    { key: "postcode", autocomplete: "postal-code" }],
  [/^(?:country|addresscountry)$/,                                  { key: "country", autocomplete: "country-name" }],
  [/^newsletter$/,                                                  { key: "newsletter" }],
];

const plain = (text: string): string =>
  text
    .toLowerCase()
    .replace(/^traits\./, "")
    .replace(/[^a-z0-9]+/g, "");

/** Finds what a field is by its name or its title, however that is spelt: `E-Mail`, `e_mail`, `traits.email`. */
export const findWellKnownField = (nameOrTitle: string): WellKnownField | undefined => {
  const whole = plain(nameOrTitle);
  return table.find(([pattern]) => pattern.test(whole))?.[1];
};
