/** The program's version, written into every file that outlives it. A test holds it against package.json. */
export const PROGRAM_VERSION = '0.1.0'
