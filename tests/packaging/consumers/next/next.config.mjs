// As Mastra's guide for Next.js says; nothing for us.
export default { serverExternalPackages: ['@mastra/*'] };
