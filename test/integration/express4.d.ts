/** The types of version 5 fit what the tests use of version 4. */
declare module 'express4' {
  import express from 'express';
  export default express;
}
