/** What build.mjs makes of deflate.ts. */
declare const data: Uint8Array<ArrayBuffer>;
export default data;
