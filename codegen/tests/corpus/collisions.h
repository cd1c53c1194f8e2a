/* Names that bindgen changes: a keyword of Rust, and a second declaration for another symbol. */
struct corpus_keyword {
	int type;
	int type_;
};
int corpus_twice(int a);
extern __typeof(corpus_twice) corpus_twice __asm__("corpus_twice64");
