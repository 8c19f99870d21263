import { withTracing } from 'edgespan/vercel';
import { NextResponse } from 'next/server';
import { work } from './work.js';

export const config = { matcher: '/node' };

export const middleware = withTracing(async () => {
  await work('work in middleware');
  return NextResponse.next();
});
