// Whole numbers in annotations, which are texts. Pure.

const INTEGER = /^[+-]?\d{1,9}$/;

/** The number that a text says; undefined where it says none. */
export const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && INTEGER.test(text) ? Number(text) : undefined;
