#ifndef CJOURNALHOOK_H
#define CJOURNALHOOK_H
#endif
