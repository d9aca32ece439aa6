/** The side panel's tabs, in their order: one view a line. */

import { blocks } from './blocks';
import { data } from './data';
import { graph } from './graph';
import { logs } from './logs';
import { plan } from './plan';
import { projects } from './projects';
import { runs } from './runs';
import { variables } from './variables';
import type { IView } from './view';

export const VIEWS: readonly IView[] = [graph, blocks, runs, logs, data, plan, variables, projects];
