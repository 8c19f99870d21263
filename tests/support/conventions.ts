// The GenAI convention's own words: JSON schemas of its message attributes.
//
// They are not part of this repository: GENAI_CONVENTIONS names the folder that has
// gen-ai-input-messages.json and so on, and registry.yaml (semantic-conventions v1.41); without it
// nothing can be validated, and `skip` says so.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import draft7 from 'ajv/dist/refs/json-schema-draft-07.json' with { type: 'json' };
import { plain, type WireSpan } from './otlp.ts';

export const folder =
  process.env.GENAI_CONVENTIONS ??
  fileURLToPath(new URL('../../../shared/data/genai', import.meta.url));
export const skip = existsSync(`${folder}/registry.yaml`)
  ? false
  : 'GENAI_CONVENTIONS names no folder with the GenAI schemas and registry';

const SCHEMAS: Record<string, string> = {
  'gen_ai.input.messages': 'gen-ai-input-messages',
  'gen_ai.output.messages': 'gen-ai-output-messages',
  'gen_ai.system_instructions': 'gen-ai-system-instructions',
  'gen_ai.tool.definitions': 'gen-ai-tool-definitions',
};

let validators: Map<string, ValidateFunction> | undefined;

export function validator(attribute: string): ValidateFunction {
  if (!validators) {
    const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { binary: true } });
    ajv.addMetaSchema(draft7); // tool definitions refer to it
    validators = new Map(
      Object.entries(SCHEMAS).map(([name, file]) => {
        const schema = JSON.parse(readFileSync(`${folder}/${file}.json`, 'utf8')) as object;
        return [name, ajv.compile(schema)];
      }),
    );
  }
  return validators.get(attribute) as ValidateFunction;
}

/** What is wrong with a span's message attributes, and how many it has. */
export function invalid(span: WireSpan): { faults: string[]; seen: number } {
  const faults: string[] = [];
  let seen = 0;
  for (const name of Object.keys(SCHEMAS)) {
    const text = plain(span.attributes.get(name));
    if (text === undefined) continue;
    seen++;
    const valid = validator(name);
    if (typeof text !== 'string') faults.push(`${name} is no JSON text`);
    else if (!valid(JSON.parse(text))) {
      const [error] = valid.errors ?? [];
      faults.push(`${name}: ${error?.instancePath} ${error?.message}: ${text.slice(0, 300)}`);
    }
  }
  return { faults, seen };
}
