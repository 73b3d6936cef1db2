/** The output of a stack that gives the page's public address; `npm run deploy` waits there for the page. */
export const pageAddressOutput = "address";
