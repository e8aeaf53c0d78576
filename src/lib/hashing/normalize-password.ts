/**
 * The one form in which a password is counted, compared and hashed: Unicode
 * NFC, as RFC 8265 (OpaqueString) has it. Keyboards and systems differ in how
 * they compose "é"; without this, a person could not sign in from another
 * device. NFC and not NFKC, because NFKC makes characters equal that people
 * can tell apart ("①" and "1"), and so passwords easier to guess.
 *
 * Nothing else is changed: no trimming, no case, no character is removed.
 */
export const normalizePassword = (password: string): string => password.normalize("NFC");
