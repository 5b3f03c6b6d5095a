#include "CJournalHook.h"

extern void asyncflow_journal_register(void);

/* Before main: a program that is linked with the journal takes the one that ASYNCFLOW_JOURNAL names. */
__attribute__((constructor)) static void registerJournal(void) { asyncflow_journal_register(); }
