/** Bodies of blocks in their own language: SQL as SQL, R as R, shell as shell, whichever the editor knows. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import {
  EditorExtensionRegistry,
  IEditorExtensionRegistry,
  IEditorLanguageRegistry
} from '@jupyterlab/codemirror';

import { blockBody } from '../cells/body';

export const bodies: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mage:bodies',
  description: 'Highlights the bodies of SQL, R and shell blocks.',
  autoStart: true,
  requires: [IEditorExtensionRegistry, IEditorLanguageRegistry],
  activate: (_, extensions: IEditorExtensionRegistry, languages: IEditorLanguageRegistry) => {
    const find = async (name: string) => {
      const known = languages.findByName(name) ?? languages.findByExtension(name);
      return (known && (await languages.getLanguage(known))?.support) ?? null;
    };
    extensions.addExtension({
      name: 'jupyter-mage:body',
      factory: ({ model }) =>
        (model as { type?: unknown }).type === 'code'
          ? EditorExtensionRegistry.createImmutableExtension(blockBody(find))
          : null
    });
  }
};
