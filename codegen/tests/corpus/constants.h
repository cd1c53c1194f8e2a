/* Constants of every width and sign; and what is no integer. */
#define CORPUS_INT 7
#define CORPUS_NEGATIVE (-1)
#define CORPUS_BROADCAST ((unsigned)0xffffffff)
#define CORPUS_TOP 0x80000000U
#define CORPUS_HEX 0x80000000
#define CORPUS_LONG (-2L)
#define CORPUS_ALL (~0ULL)
#define CORPUS_MOST_NEGATIVE (-0x7fffffffffffffffLL - 1)
#define CORPUS_SHORT ((short)-2)
#define CORPUS_BYTE ((unsigned char)200)
#define CORPUS_LETTER 'x'
#define CORPUS_BOOL ((_Bool)2)
#define CORPUS_SIZE sizeof(long)
#define CORPUS_REAL 1.75
#define CORPUS_TEXT "/dev/null"
#define CORPUS_POINTER ((void (*)(int))1)
#define CORPUS_PLUS_ONE(x) ((x) + 1)
#define CORPUS_UNKNOWN (corpus_undeclared + 1)
#define CORPUS_TOO_WIDE 0x1ffffffffffffffffULL
#ifdef __SIZEOF_INT128__
#define CORPUS_INT128 ((unsigned __int128)1 << 100)
#endif
extern int corpus_variable;
static inline int corpus_inline(void) { return 1; }
#define CORPUS_LIST 1, 2
#define CORPUS_LIST_OF_TWO CORPUS_LIST
#define CORPUS_LINE (__LINE__ + 0)
#define CORPUS_COUNTER __COUNTER__
#define async 3
#define gen 4
#define CORPUS_PARENTHESES (1, 2)
#define CORPUS_SHIFT (1 << 40)
#define CORPUS_OVERFLOW (0x7fffffff + 1)
#define CORPUS_SIGN (1 << 31)
