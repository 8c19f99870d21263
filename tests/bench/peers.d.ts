// What candidates use of the packages that peers.mjs finds.
declare module 'peer:*' {
  const peer: any;
  export default peer;
}
