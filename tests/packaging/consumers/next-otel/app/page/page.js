export const dynamic = 'force-dynamic';

export default async function Page() {
  const response = await fetch(`${process.env.ORIGIN}/node`);
  return <p>{(await response.json()).traceId}</p>;
}
