/* Language tags. */

const REGION = /[-_]([a-z]{2}|\d{3})(?![^-_])/i;

/**
 * The language of a BCP 47 tag without region or script: "he" for "he-IL". Voices of some systems
 * write "en_US", "eng-USA" or, by the old code, "iw_IL".
 *
 * @param {string} tag
 */
export function primaryLanguage(tag) {
  const code = tag.replace(/[-_].*/s, "").toLowerCase();
  try {
    return Intl.getCanonicalLocales(code)[0] ?? code;
  } catch {
    return code;
  }
}

/**
 * The region of a tag in capitals, "MX" for "es_MX" and "419" for "es-419"; "" without one.
 *
 * @param {string} tag
 */
export const regionOf = (tag) => tag.match(REGION)?.[1]?.toUpperCase() ?? "";
