import { clientPlugin } from './connection';
import { drivePlugin } from './drive';
import { registryPlugin } from './registry';
import { sidebarPlugin } from './sidebar';

export * from './tokens';

export default [clientPlugin, drivePlugin, registryPlugin, sidebarPlugin];
