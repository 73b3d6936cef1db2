/** A fault that the person at the keyboard can mend; its message says how. */
export class Fault extends Error {}
