/** The package's version: package.json's, which a test compares. */
export const VERSION: string = '0.1.0';
