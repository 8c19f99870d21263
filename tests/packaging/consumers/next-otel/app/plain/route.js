// Edge code that does not know of this package: instrumentation.js, which runs before it, must not
// bring what only functions with the core among their imports can load.
export const runtime = 'edge';
export const dynamic = 'force-dynamic';

export const GET = async () => Response.json({});
