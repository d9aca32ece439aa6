import jupyter from '@jupyter/eslint-plugin';
import tseslint from 'typescript-eslint';

import { safety } from './eslint.safety.mjs';

export default tseslint.config(
  { ignores: ['lib/**', 'node_modules/**', '*.mjs', '*.config.ts'] },
  ...tseslint.configs.strict,
  {
    files: ['src/**/*.ts'],
    plugins: { jupyter },
    rules: {
      ...jupyter.configs.recommended[0].rules,
      eqeqeq: 'error',
      curly: 'error',
      // our words are English, nothing is translated yet; the extension is small, so nothing is loaded late
      'jupyter/no-untranslated-string': 'off',
      'jupyter/prefer-lazy-imports': 'off'
    }
  },
  { files: ['src/**/*.ts'], ignores: ['**/*.test.ts'], rules: safety }
);
