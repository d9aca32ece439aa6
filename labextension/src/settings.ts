/** What a person has set, as it is now: the defaults until it is read. */

import type { ISettingRegistry } from '@jupyterlab/settingregistry';

/** The settings of all plugins stand under this name. */
export const SETTINGS = 'jupyter-mage:plugin';

export interface ISettings {
  /** Mark the block of the active cell in the graph. */
  followCell: boolean;
  /** A line at each block's cell with its state. */
  cellStrip: boolean;
  /** Up to so many blocks are listed below the graph. */
  mostBlocks: number;
  panelSide: 'left' | 'right';
  /** The tab that the panel shows first. */
  startTab: string;
}

export const DEFAULTS: Readonly<ISettings> = {
  followCell: true,
  cellStrip: true,
  mostBlocks: 100,
  panelSide: 'right',
  startTab: 'graph'
};

/** Tells the settings as soon as they are read, and whenever they change. */
export async function whenSet(
  registry: ISettingRegistry | null,
  told: (settings: ISettings) => void
): Promise<void> {
  const found = await registry?.load(SETTINGS).catch(() => null);
  if (found) {
    const tell = () => told({ ...DEFAULTS, ...(found.composite as Partial<ISettings>) });
    found.changed.connect(tell);
    tell();
  }
}
