import jupyter from '@jupyter/eslint-plugin';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      'node_modules',
      'lib',
      'coverage',
      'src/types.ts',
      '*.config.js',
      '*.config.mjs',
      'scripts',
      'style/index.js'
    ]
  },
  ...tseslint.configs.recommended,
  ...jupyter.configs.recommended.map(config => ({
    ...config,
    plugins: { ...config.plugins, jupyter }
  })),
  prettier,
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname
      }
    },
    rules: {
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'interface',
          format: ['PascalCase'],
          custom: { regex: '^I[A-Z]', match: true }
        }
      ],
      '@typescript-eslint/no-unused-vars': ['warn', { args: 'none' }],
      '@typescript-eslint/no-namespace': 'off',
      '@typescript-eslint/no-floating-promises': 'error',
      // Ours are small and load together; what is large is imported where it is used.
      'jupyter/prefer-lazy-imports': [
        'warn',
        { ignoreImports: ['./**', '../**'] }
      ],
      curly: ['error', 'all'],
      eqeqeq: 'error'
    }
  }
);
