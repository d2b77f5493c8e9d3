/* Language tags. */

/**
 * The language of a BCP 47 tag without region or script; voices of some systems write "en_US".
 *
 * @param {string} tag
 */
export const primaryLanguage = (tag) => tag.replace(/[-_].*/s, "").toLowerCase();
