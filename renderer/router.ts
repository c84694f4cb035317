/** Addresses of the window. Whoever serves the page answers each of them with index.html. */
import { createRouter, createWebHistory } from 'vue-router';
import InstancesView from './views/InstancesView.vue';

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', redirect: '/instances' },
    { path: '/instances', name: 'instances', component: InstancesView },
    {
      path: '/instances/:id/:tab?',
      name: 'instance',
      component: () => import('./views/InstanceView.vue'),
      props: true,
    },
    { path: '/new', name: 'new', component: () => import('./views/NewInstanceView.vue') },
    { path: '/catalog', name: 'catalog', component: () => import('./views/CatalogView.vue') },
    { path: '/images/:name?', name: 'images', component: () => import('./views/ImagesView.vue'), props: true },
    {
      path: '/image-editor/:name?',
      name: 'image-editor',
      component: () => import('./views/ImageEditorView.vue'),
      props: true,
    },
    { path: '/images-compare', name: 'images-compare', component: () => import('./views/ImageCompareView.vue') },
    { path: '/rootfs', name: 'rootfs', component: () => import('./views/RootfsListView.vue') },
    { path: '/rootfs/:id', name: 'rootfs-detail', component: () => import('./views/RootfsView.vue'), props: true },
    { path: '/networks', name: 'networks', component: () => import('./views/NetworksView.vue') },
    { path: '/settings', name: 'settings', component: () => import('./views/SettingsView.vue') },
    {
      path: '/console/:id/:console?',
      name: 'console',
      component: () => import('./views/ConsoleWindow.vue'),
      props: true,
      meta: { isBare: true },
    },
    { path: '/:rest(.*)*', name: 'not-found', component: () => import('./views/NotFoundView.vue') },
  ],
});
