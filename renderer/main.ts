/** Wires the window: manager, languages, state, addresses. */
import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import './styles/tokens.css';
import './styles/base.css';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import App from './App.vue';
import { connectWindow, setApi } from './api.ts';
import { i18n } from './i18n.ts';
import { router } from './router.ts';

setApi(connectWindow());
createApp(App).use(createPinia()).use(i18n).use(router).mount('#app');
