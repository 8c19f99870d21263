// Mastra 0.x is not supported: npm says so, and whoever installs the package nevertheless reads it in
// the log, once, while the application goes on.
async function install(lab) {
  await lab.exec('npm', ['install']);
}

async function refused(lab) {
  const told = await lab.exec('npm', ['install', lab.tarball]).catch((error) => error.message);
  if (!/ERESOLVE[\s\S]*peerOptional @mastra\/core@/.test(told)) {
    throw new Error(`npm install does not refuse: ${told}`);
  }
}

async function warned(lab) {
  await lab.exec('npm', ['install', '--legacy-peer-deps', lab.tarball]);
  const printed = await lab.exec('sh', ['-c', 'node run.js 2>&1']);
  const warnings = printed.match(/\[edgespan\].*@mastra\/core is older than 1\.0/g) ?? [];
  const answers = printed.match(/^answer It snows in Zürich\.$/gm) ?? [];
  if (warnings.length !== 1 || answers.length !== 2) throw new Error(printed);
}

export default {
  packages: ['@mastra/core'],
  slow: true,
  install,
  rows: [
    { name: 'Mastra 0.x: npm install refuses', run: refused },
    { name: 'Mastra 0.x, installed nevertheless: one warning, and the run goes on', run: warned },
  ],
};
