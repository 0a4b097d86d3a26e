/** Texts of charts. */
export const charts = {}
